// Calls the methods of one client and prints what each answered: {"name": {"answer": ...}} or {"name": {"error": "..."}}.
"use strict";
const [, , library] = process.argv;
const from = Math.floor(Date.now() / 1000) - 86400 * 30;
const to = from + 86400 * 20;

function official() {
  const Coingecko = require(`${library}/@coingecko/coingecko-typescript`);
  const client = new Coingecko({
    demoAPIKey: "any key will do",
    baseURL: `${process.env.TIDEMARK_URL}/api/v3`,
    maxRetries: 0,
  });
  const vs_currency = "usd";

  return {
    ping: () => client.ping.get(),
    key: () => client.key.get(),
    price: () =>
      client.simple.price.get({
        ids: "bitcoin,ethereum,nope",
        vs_currencies: "usd,eur",
        include_market_cap: true,
        include_24hr_vol: true,
        include_24hr_change: true,
        include_last_updated_at: true,
        precision: "full",
      }),
    price_by_symbol: () => client.simple.price.get({ symbols: "btc", vs_currencies: "usd", include_tokens: "top" }),
    currencies: () => client.simple.supportedVsCurrencies.get(),
    list: () => client.coins.list.get({ include_platform: true, status: "active" }),
    markets: () =>
      client.coins.markets.get({
        vs_currency,
        order: "market_cap_desc",
        per_page: 10,
        page: 1,
        sparkline: true,
        price_change_percentage: "1h,24h,7d",
        locale: "en",
        precision: "2",
      }),
    coin: () => client.coins.getID("bitcoin", { localization: false, sparkline: true }),
    tickers: () => client.coins.tickers.get("bitcoin", { page: 1, depth: false, order: "trust_score_desc" }),
    history: () => client.coins.history.get("bitcoin", { date: "01-01-2024", localization: false }),
    chart: () => client.coins.marketChart.get("bitcoin", { vs_currency, days: "7", interval: "daily", precision: "2" }),
    range: () => client.coins.marketChart.getRange("bitcoin", { vs_currency, from: `${from}`, to: `${to}` }),
    ohlc: () => client.coins.ohlc.get("bitcoin", { vs_currency, days: "7" }),
    categories: () => client.coins.categories.getList(),
    category_markets: () => client.coins.categories.get({ order: "market_cap_desc" }),
    exchange_page: () => client.exchanges.get({ per_page: 2, page: 1 }),
    platforms: () => client.assetPlatforms.get({}),
    exchanges: () => client.exchanges.getList({}),
    rates: () => client.exchangeRates.get(),
    search: () => client.search.get({ query: "bit" }),
    trending: () => client.search.trending.get({}),
    global: () => client.global.get(),
    absent: () => client.nfts.getList({}),
    unknown: () => client.coins.getID("nope", {}),
  };
}

function api() {
  const CoinGecko = require(`${library}/coingecko-api`);
  const client = new CoinGecko();
  // It answers {success, message, code, data}; what is no success becomes an error, as in the others.
  const of = (call) => async () => {
    const { success, code, data } = await call();
    if (!success) throw Object.assign(new Error(JSON.stringify(data)), { status: code });
    return data;
  };

  return {
    ping: of(() => client.ping()),
    price: of(() =>
      client.simple.price({
        ids: ["bitcoin", "ethereum", "nope"],
        vs_currencies: ["usd", "eur"],
        include_market_cap: true,
        include_24hr_vol: true,
        include_24hr_change: true,
        include_last_updated_at: true,
      }),
    ),
    currencies: of(() => client.simple.supportedVsCurrencies()),
    list: of(() => client.coins.list()),
    markets: of(() =>
      client.coins.markets({ vs_currency: "usd", order: CoinGecko.ORDER.COIN_NAME_ASC, per_page: 10, sparkline: true }),
    ),
    coin: of(() => client.coins.fetch("bitcoin", { localization: false, sparkline: true })),
    tickers: of(() => client.coins.fetchTickers("bitcoin", { page: 1, exchange_ids: ["coinbase"] })),
    history: of(() => client.coins.fetchHistory("bitcoin", { date: "01-01-2024", localization: false })),
    chart: of(() => client.coins.fetchMarketChart("bitcoin", { vs_currency: "usd", days: "7" })),
    range: of(() => client.coins.fetchMarketChartRange("bitcoin", { vs_currency: "usd", from, to })),
    exchanges: of(() => client.exchanges.list()),
    exchange_page: of(() => client.exchanges.all()),
    rates: of(() => client.exchangeRates.all()),
    global: of(() => client.global()),
    absent: of(() => client.derivatives.listExchanges()),
    unknown: of(() => client.coins.fetch("nope", {})),
  };
}

function v3() {
  const { CoinGeckoClient } = require(`${library}/coingecko-api-v3`);
  const client = new CoinGeckoClient({ timeout: 10000, autoRetry: false }, "any key will do");
  const vs_currency = "usd";

  return {
    ping: () => client.ping(),
    price: () =>
      client.simplePrice({
        ids: "bitcoin,ethereum,nope",
        vs_currencies: "usd,eur",
        include_market_cap: true,
        include_24hr_vol: true,
        include_24hr_change: true,
        include_last_updated_at: true,
      }),
    currencies: () => client.simpleSupportedCurrencies(),
    list: () => client.coinList({ include_platform: true }),
    markets: () => client.coinMarket({ vs_currency, per_page: 10, page: 1, sparkline: true, price_change_percentage: "1h,24h,7d" }),
    coin: () => client.coinId({ id: "bitcoin", localization: false, sparkline: true }),
    tickers: () => client.coinIdTickers({ id: "bitcoin" }),
    history: () => client.coinIdHistory({ id: "bitcoin", date: "01-01-2024" }),
    chart: () => client.coinIdMarketChart({ id: "bitcoin", vs_currency, days: 7 }),
    range: () => client.coinIdMarketChartRange({ id: "bitcoin", vs_currency, from, to }),
    ohlc: () => client.coinIdOHLC({ id: "bitcoin", vs_currency, days: 7 }),
    categories: () => client.coinCategoriesList(),
    category_markets: () => client.coinCategoriesListWithMarketData(),
    exchange_page: () => client.exchanges({ per_page: 2, page: 1 }),
    exchanges: () => client.exchangeList(),
    rates: () => client.exchangeRates(),
    search: () => client.search({ query: "bit" }),
    trending: () => client.trending(),
    global: () => client.global(),
    absent: () => client.derivativesExchangesList(),
    unknown: () => client.coinId({ id: "nope" }),
  };
}

async function main() {
  const answers = {};

  for (const [name, call] of Object.entries({ official, api, v3 }[process.argv[3]]())) {
    try {
      answers[name] = { answer: await call() };
    } catch (error) {
      answers[name] = { error: `${error.message}`, status: error.status };
    }
  }
  process.stdout.write(JSON.stringify(answers));
}

main();
