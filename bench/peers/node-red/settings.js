// Node-RED without its editor, ended by its flow.
module.exports = {
    flowFile: "flows.json",
    uiHost: "127.0.0.1",
    uiPort: 0,
    disableEditor: true,
    httpAdminRoot: false,
    httpNodeRoot: false,
    logging: { console: { level: "error" } },
    functionGlobalContext: { end: (status) => process.exit(status) },
};
