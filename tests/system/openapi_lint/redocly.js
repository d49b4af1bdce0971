/* redocly lint FILE --config redocly.yaml: prints what is wrong, and ends with 1 if anything is. */
const path = require("path");
const [modules, file] = process.argv.slice(2);
const { lint, loadConfig, formatProblems, getTotals } = require(path.join(modules, "@redocly/openapi-core"));

async function main() {
    const config = await loadConfig({ configPath: path.join(__dirname, "redocly.yaml") });
    const problems = await lint({ ref: file, config });
    const { errors, warnings } = getTotals(problems);
    formatProblems(problems, { format: "stylish", totals: { errors, warnings, ignored: 0 }, version: "1" });
    process.exit(errors + warnings ? 1 : 0);
}

main();
