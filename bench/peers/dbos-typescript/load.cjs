// Flows of 10 components with a step each, in DBOS: node load.cjs AT_ONCE SECONDS WARM_UP_SECONDS
const { DBOS } = require("@dbos-inc/dbos-sdk");

const component = async ({ id, text }) => ({ id: id + 1, text: text.slice(1) + text[0] });

const flow = DBOS.registerWorkflow(
  async (record) => {
    for (let number = 1; number <= 10; number++) {
      const input = record;
      record = await DBOS.runStep(() => component(input), { name: `component ${number}` });
    }
    return record.id;
  },
  { name: "flow" },
);

async function load(atOnce, seconds) {
  const times = [];
  const end = performance.now() + seconds * 1000;
  const caller = async () => {
    while (performance.now() < end) {
      const begin = performance.now();
      const id = await flow({ id: 0, text: "0123456789".repeat(100) });
      if (id !== 10) throw new Error(`a flow gave ${id}`);
      times.push(performance.now() - begin);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  return times;
}

async function main() {
  const [atOnce, seconds, warmUp] = process.argv.slice(2).map(Number);
  DBOS.setConfig({ name: "bench", systemDatabaseUrl: process.env.DBOS_DATABASE_URL, logLevel: "error" });
  await DBOS.launch();
  await load(atOnce, warmUp);
  const begin = performance.now();
  const times = await load(atOnce, seconds);
  console.log(JSON.stringify({ seconds: (performance.now() - begin) / 1000, times_ms: times }));
  await DBOS.shutdown();
}

main();
