// For `node --require`: a client that insists on https://*.coingecko.com talks to TIDEMARK_URL instead, and is told nothing of
// it. What it sent is counted in `global.sent`.
"use strict";
const http = require("http");
const https = require("https");

const target = new URL(process.env.TIDEMARK_URL);

global.sent = [];
https.request = (options, answered) => {
  if (!/^(pro-)?api\.coingecko\.com$/.test(options.host)) throw new Error(`not for ${options.host}`);
  global.sent.push(options.path);
  return http.request(
    { ...options, protocol: "http:", host: target.hostname, port: target.port, agent: undefined },
    answered,
  );
};
