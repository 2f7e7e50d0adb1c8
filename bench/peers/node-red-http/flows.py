"""The flow: http in, 10 function nodes that do what a Mapper of `cairn bench service` does, http response. The first one notes
when it began."""

FUNCTION = """
const { id, text } = msg.payload;
msg.payload = { id: id + 1, text: Array.from(text).reverse().join("") };
return msg;
"""

NOTED = """
msg.headers = { "x-began": global.get("now")() };
"""


def flows():
    functions = [f"function-{number}" for number in range(1, 11)]
    chain = ["in", *functions, "out"]
    wires = {one: [[following]] for one, following in zip(chain, chain[1:])}

    def function(id):
        return NOTED + FUNCTION if id == functions[0] else FUNCTION

    def node(id, **properties):
        # What has no place on the canvas would not count as a node of the flow.
        return {"id": id, "z": "flow", "name": id, "x": 100, "y": 100, "wires": wires.get(id, []), **properties}

    return [
        {"id": "flow", "type": "tab", "label": "reply"},
        node("in", type="http in", url="/reply", method="post", upload=False, swaggerDoc=""),
        *(node(id, type="function", func=function(id), outputs=1, noerr=0, initialize="", finalize="", libs=[]) for id in functions),
        node("out", type="http response", statusCode="200", headers={}),
    ]
