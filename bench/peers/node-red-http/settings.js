// Node-RED without its editor, on the port that the environment names.
module.exports = {
    flowFile: "flows.json",
    uiHost: "127.0.0.1",
    uiPort: Number(process.env.PORT),
    disableEditor: true,
    httpAdminRoot: false,
    httpNodeRoot: "/",
    logging: { console: { level: "error" } },
};
