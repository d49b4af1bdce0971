// Lets coingecko-api-v3, which asks again for ever, run into a limit, and prints how often it asked from then on in 2 seconds.
"use strict";
const { CoinGeckoClient } = require(`${process.argv[2]}/coingecko-api-v3`);
const client = new CoinGeckoClient({ timeout: 10000, autoRetry: true });

async function main() {
  const price = () => client.simplePrice({ ids: "bitcoin", vs_currencies: "usd" });

  await price();
  const before = global.sent.length;
  price(); // it is not answered meanwhile
  setTimeout(() => {
    const asked = global.sent.length - before;
    process.stdout.write(JSON.stringify({ asked }), () => process.exit(0));
  }, 2000);
}

main();
