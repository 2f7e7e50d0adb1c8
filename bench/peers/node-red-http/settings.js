// Node-RED without its editor, on the port that the environment names.
module.exports = {
    flowFile: "flows.json",
    uiHost: "127.0.0.1",
    uiPort: Number(process.env.PORT),
    disableEditor: true,
    httpAdminRoot: false,
    httpNodeRoot: "/",
    // The clock of the machine that does not jump, in nanoseconds: what Python calls time.monotonic_ns.
    functionGlobalContext: { now: () => String(process.hrtime.bigint()) },
    logging: { console: { level: "error" } },
};
