// A flow of 10 components, each of whose results is a durable step: node service.cjs PORT
const restate = require("@restatedev/restate-sdk");

const component = ({ id, text }) => ({ id: id + 1, text: text.slice(1) + text[0] });

const flows = restate.service({
  name: "flows",
  handlers: {
    run: async (context, record) => {
      for (let number = 1; number <= 10; number++) {
        const input = record;
        record = await context.run(`component ${number}`, () => component(input));
      }
      return record.id;
    },
  },
});

restate.serve({ services: [flows], port: Number(process.argv[2]) });
