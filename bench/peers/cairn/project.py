"""The project whose flows are asked for over HTTP."""

import json
import subprocess


def publish(folder):
    """Makes it below `folder`, under git, and gives the repository."""
    project, remote = folder / "project", folder / "project.git"
    write(project / "project.json", {"format": 1, "name": "bench"})
    for name, flow in {"reply": reply(), "checkpoints": checkpoints()}.items():
        write(project / f"flows/{name}.flow.json", flow)
        write(project / f"triggers/{name}.trigger.json", trigger(name))
    git = lambda *arguments: subprocess.run(["git", "-C", project, *arguments], check=True, stdout=subprocess.DEVNULL)
    git("init", "--quiet", "--initial-branch", "main")
    git("add", ".")
    git("-c", "user.name=Cairn", "-c", "user.email=cairn@localhost", "commit", "--quiet", "--message", "The flows")
    git("clone", "--quiet", "--bare", ".", str(remote))
    return remote


def reply():
    """10 components with one Checkpoint and a reply, as in `cairn bench service`."""
    mappers = [mapper(number) for number in range(1, 8)]
    return flow([*mappers[:4], checkpoint(1), *mappers[4:]])


def checkpoints():
    """10 components with a Checkpoint behind each, as in `cairn bench checkpoints`, and a reply."""
    return flow([made for number in range(1, 11) for made in (mapper(number), checkpoint(number))])


def flow(between):
    inputs = [{"name": "id", "type": "Integer"}, {"name": "text", "type": "Text"}]
    start = {"id": "start", "type": "Start", "name": "Start", "properties": {"Inputs": inputs}}
    components = [start, *between, {"id": "end", "type": "End", "name": "End"}]
    ids = [component["id"] for component in components]
    links = [{"from": f"{one}.out", "to": f"{following}.in"} for one, following in zip(ids, ids[1:])]
    return {"format": 2, "components": components, "links": links}


def mapper(number):
    fields = [{"field": "id", "expression": "id + 1"}, {"field": "text", "expression": "reverse(text)"}]
    return {"id": f"mapper-{number}", "type": "Mapper", "name": f"Mapper {number}", "properties": {"Fields": fields}}


def checkpoint(number):
    return {"id": f"checkpoint-{number}", "type": "Checkpoint", "name": f"Checkpoint {number}"}


def trigger(flow):
    properties = {"Path": flow, "Method": "POST", "Authentication": "Token", "Answer": "Reply"}
    return {"format": 1, "id": f"trigger-{flow}", "kind": "http", "flow": flow, "properties": properties}


def write(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2))
