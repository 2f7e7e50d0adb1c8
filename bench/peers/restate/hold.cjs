// A flow that waits behind a durable step, and says each time that it comes there: node hold.cjs PORT
const restate = require("@restatedev/restate-sdk");

const flows = restate.service({
  name: "flows",
  handlers: {
    hold: async (context) => {
      await context.run("checkpoint", () => "saved");
      console.log(JSON.stringify({ id: context.request().id, at: Date.now() / 1000 }));
      await context.run("call", () => new Promise(() => {}));
    },
  },
});

restate.serve({ services: [flows], port: Number(process.argv[2]) });
