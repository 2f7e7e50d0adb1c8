//! The list itself.

use super::{Meaning, Part};
use flow_model::Severity;

/// Every kind of finding, by what it is about.
pub(super) const PARTS: &[Part] = &[
    (
        "The shape of a flow",
        &[
            error(
                "flow/no-start",
                "The flow has no start component, so nothing begins.",
                "Add Start and connect it to what comes first.",
            ),
            fixed(
                error(
                    "flow/several-starts",
                    "There is more than one start component, and a request could begin at either.",
                    "Remove all but one.",
                ),
                "removes it",
            ),
            fixed(
                error("flow/start-in-body", "Start lies in the body of a ForEach, but it runs once.", "Move it out."),
                "moves it out",
            ),
            fixed(
                error(
                    "flow/cycle",
                    "Links lead in a circle. A flow runs in one direction; repetition is what ForEach is for.",
                    "Remove one of the links of the circle.",
                ),
                "removes the link that leads back",
            ),
            fixed(
                warning(
                    "flow/unreachable",
                    "No path leads to the component, so it never runs.",
                    "Connect or remove it.",
                ),
                "removes it",
            ),
            warning(
                "flow/never-ends-well",
                "Every path ends in Fail, so no request of the flow can ever finish.",
                "Let one path end in End or another component.",
            ),
            error(
                "variable/set-on-parallel-paths",
                "Parallel paths that join set one flow variable differently, so its value behind them would be chance.",
                "Set it on one of the paths only, or behind the join.",
            ),
            error(
                "component/unknown-type",
                "The component's type is not known to this release. It is kept as it is, but cannot run.",
                "Update Cairn, or replace the component.",
            ),
            fixed(
                error(
                    "component/no-such-parent",
                    "The component belongs to the body of a component that does not exist.",
                    "Move it out of the body.",
                ),
                "moves it out",
            ),
            fixed(
                error(
                    "component/parent-has-no-body",
                    "The component belongs to the body of a component that can have none.",
                    "Move it out of the body.",
                ),
                "moves it out",
            ),
            fixed(
                error(
                    "component/parent-circle",
                    "The component lies in its own body, through other bodies or at once.",
                    "Move it out of the body.",
                ),
                "moves it out",
            ),
            warning(
                "body/empty",
                "A ForEach has nothing in its body, so it only passes on its input.",
                "Draw what it is to do for each record into it.",
            ),
            fixed(
                error(
                    "link/no-such-component",
                    "A link leads to or from a component that does not exist.",
                    "Remove it.",
                ),
                "removes the link",
            ),
            fixed(
                error(
                    "link/no-such-outlet",
                    "A link comes from an outlet that the component does not have (any more).",
                    "Remove it, or draw it from another outlet.",
                ),
                "removes the link",
            ),
            fixed(
                error(
                    "link/no-such-inlet",
                    "A link leads to an inlet that the component does not have (any more).",
                    "Remove it, or draw it to another inlet.",
                ),
                "removes the link",
            ),
            fixed(
                error(
                    "link/crosses-border",
                    "A link leads over the border of a ForEach's body. Streams enter and leave a body through the \
                     ForEach only.",
                    "Remove it, or move both components into the same body.",
                ),
                "removes the link",
            ),
            fixed(
                warning(
                    "group/no-such-component",
                    "A group names a component that does not exist. It changes nothing about how the flow runs.",
                    "Take it out of the group.",
                ),
                "takes it out of the group",
            ),
        ],
    ),
    (
        "Properties",
        &[
            error("property/missing", "A property that the component cannot run without is not set.", "Set it."),
            fixed(
                error("property/type", "The value of a property is not of the type that it must have.", "Set another."),
                "goes back to the default",
            ),
            error(
                "property/value",
                "The value has the right type and is wrong all the same; the message says why.",
                "Set another.",
            ),
            fixed(
                warning(
                    "property/unknown",
                    "The component's type does not have this property. It is kept and has no effect.",
                    "Remove it, or spell it right.",
                ),
                "gives it the name that was probably meant, or removes it",
            ),
        ],
    ),
    (
        "Fields, expressions and variables",
        &[
            error(
                "data/expression-syntax",
                "An expression is no SQL; the message names line and column.",
                "Mend it. Names of fields with spaces need double quotes, texts single ones.",
            ),
            fixed(
                error(
                    "data/unknown-field",
                    "An expression or a list names a field that does not arrive at the component.",
                    "Choose one of the fields that the message lists.",
                ),
                "puts the similar name in its place, if there is exactly one",
            ),
            fixed(
                error(
                    "data/unknown-variable",
                    "An expression names a flow variable (`$name`) that nothing sets before the component.",
                    "Declare it among the inputs of Start, or set it by a Set Variable before.",
                ),
                "puts the similar name in its place, if there is exactly one",
            ),
            error(
                "data/type",
                "The types do not fit: an expression over its fields, a condition that is not true or false, a record \
                 that a format cannot hold.",
                "Convert with `CAST(… AS …)`, or choose another field.",
            ),
            error(
                "data/different-fields",
                "Streams that arrive at one inlet have different fields.",
                "Map them to the same fields first.",
            ),
            error(
                "template/unknown-name",
                "A text names something in `${…}` that is neither a flow variable nor, where fields count, a field.",
                "Declare it among the inputs of Start, or spell it right.",
            ),
            error(
                "sql/unknown-name",
                "A query names something as `$name` that is no flow variable nor, with PerRecord, a field.",
                "Declare it among the inputs of Start, or spell it right.",
            ),
        ],
    ),
    (
        "Files",
        &[
            error("file/read-only", "The component would write to `project:`, which is read only.", "Use `storage:`."),
            error(
                "file/not-found",
                "The project has no such file.",
                "Add it to the project, or name another. A missing file elsewhere is no finding: it may be there in time.",
            ),
            warning(
                "data/csv-ragged",
                "A row at the beginning of the file has too few or too many values.",
                "Mend the file, or set OnBadRecord to Skip or Reject.",
            ),
            warning(
                "data/value",
                "A value at the beginning of the file is not of the type that Columns gives its field.",
                "Mend the file or Columns, or set OnBadRecord to Skip or Reject.",
            ),
            warning(
                "data/csv-quotes",
                "A quoted value at the beginning of the file does not end where it should.",
                "Mend the file, or set another Delimiter.",
            ),
            warning(
                "data/encoding",
                "The bytes of the file are not text in the encoding that is set.",
                "Set Encoding to that of the file.",
            ),
            warning(
                "data/malformed",
                "The file is not of the format that is set.",
                "Set another Format, or mend the file.",
            ),
        ],
    ),
    (
        "Connections",
        &[
            error("connection/unknown", "The project has no connection of this name.", "Add it, or choose another."),
            error("connection/kind", "The connection is not of a kind that the component can use.", "Choose another."),
            error("connection/syntax", "The connection's file is no JSON.", "Mend it at the place that is named."),
            error("connection/too-new", "A newer release wrote the connection's file.", "Open it with that release."),
            error("connection/shape", "The connection's file has not the members that it needs.", "Mend the file."),
            error("connection/unknown-kind", "No connection has this kind.", "Use one that the message lists."),
            error("connection/unknown-field", "The kind of connection has no such field.", "Remove or rename it."),
            error(
                "connection/field-type",
                "A field of the connection has a value that it cannot have.",
                "Set another.",
            ),
            error("connection/missing-field", "A field that the connection cannot do without is missing.", "Set it."),
            error(
                "connection/secret-in-file",
                "A secret stands in the connection's file, which is under git.",
                "Take it out, keep it with `cairn secret set`, and change it: it may have been seen.",
            ),
        ],
    ),
    (
        "Triggers and calendars",
        &[
            error("trigger/syntax", "The trigger's file is no JSON.", "Mend it at the place that is named."),
            error("trigger/too-new", "A newer release wrote the trigger's file.", "Open it with that release."),
            error("trigger/shape", "The trigger's file has not the members that it needs.", "Mend the file."),
            error("trigger/unknown-kind", "No trigger has this kind.", "Use one that the message lists."),
            error("trigger/unknown-property", "The kind of trigger has no such property.", "Remove or rename it."),
            error("trigger/property", "A property of the trigger has a value that it cannot have.", "Set another."),
            error("trigger/missing-property", "A property that the trigger cannot do without is missing.", "Set it."),
            error("trigger/cron", "`Cron` is no cron pattern.", "Write minute, hour, day, month and weekday."),
            error(
                "trigger/never-due",
                "No day has the date, or all are left out.",
                "Change `Cron`, `Except` or `Calendars`.",
            ),
            error("trigger/time-zone", "The machine knows no such time zone.", "Write one such as `Europe/Berlin`."),
            error(
                "trigger/unknown-calendar",
                "The project has no calendar of this name, or its file cannot be read.",
                "Use the one that the message names, or add it.",
            ),
            error("trigger/unknown-flow", "The project has no flow of this name.", "Name one of its flows."),
            error("trigger/unknown-input", "The flow declares no input of this name.", "Remove or rename it."),
            error(
                "trigger/missing-input",
                "The flow needs an input that has no default, and neither trigger nor firing gives it.",
                "Give it, or declare a default in Start.",
            ),
            error("trigger/input-type", "An input is not of the type that the flow declares.", "Give another value."),
            error(
                "trigger/same-id",
                "Two triggers have one id, as when a file was copied.",
                "Give one of them another.",
            ),
            error("trigger/same-path", "Two triggers answer the same method and path.", "Give one of them another."),
            error(
                "trigger/unknown-connection",
                "The project has no such connection of kind http to keep the trigger's secret.",
                "Add it.",
            ),
            error(
                "trigger/circle",
                "Requests would start each other for ever.",
                "Start another flow, or watch another state.",
            ),
            warning(
                "trigger/this-server-only",
                "Files in a folder of one server wait for that server when it is lost.",
                "Use a folder of `storage:`.",
            ),
            error("calendar/document", "The calendar's file cannot be read.", "Mend it at the place that is named."),
            warning(
                "calendar/past",
                "All days of the calendar are over, so schedules leave out none any more.",
                "Add the days to come.",
            ),
        ],
    ),
    (
        "Flow tests",
        &[
            error("test/syntax", "The file is no flow test; the message names the place.", "Mend it there."),
            error("test/too-new", "A newer release wrote the file.", "Run it with that release, or update."),
            warning("test/unknown-flow", "The project has no flow of this name.", "Name one of its flows."),
            warning(
                "test/unknown-component",
                "The flow has no component of this name; it may have been renamed.",
                "Write the name that it has now, or its id, which stays.",
            ),
        ],
    ),
    (
        "Calls of other flows",
        &[
            error("sub-flow/unknown", "The project has no flow of this name.", "Add it, or choose another."),
            error("sub-flow/circle", "Flows call each other in a circle, which would never end.", "Use ForEach."),
            error("sub-flow/unknown-input", "The called flow declares no input of this name.", "Remove or rename it."),
            error(
                "sub-flow/missing-input",
                "The called flow needs an input that has no default, and nothing gives it.",
                "Give it in Inputs, or declare a default there.",
            ),
        ],
    ),
    (
        "Going on after the loss of a server",
        &[
            fixed(
                warning(
                    "restart/no-saved-point",
                    "OtherServerRetry is true and nothing is ever saved, so another server would begin from the start.",
                    "Set BeginCheckpoint to Use, or add a Checkpoint where work must not be lost.",
                ),
                "sets BeginCheckpoint to Use",
            ),
            fixed(
                warning(
                    "restart/local-path",
                    "A file on one server's disk, which the server that goes on does not have; also in a called flow, \
                     or as the database of a connection.",
                    "Use `storage:`, which all servers share, or `project:` for files of the project.",
                ),
                "puts `storage:` before the path",
            ),
            warning(
                "restart/local-address",
                "An address of the machine itself (`localhost`), which is another machine on each server.",
                "Use a host name that is the same everywhere.",
            ),
            warning(
                "restart/this-server-only",
                "A connection or component that is marked ThisServerOnly.",
                "Choose another, or set OtherServerRetry to false.",
            ),
        ],
    ),
    (
        "Files of flows",
        &[
            error("document/syntax", "The file is no JSON; a merge of git may have left marks.", "Mend it there."),
            error("document/too-new", "A newer release wrote the file.", "Open it with that release, or update."),
            error("document/shape", "The file is JSON but no flow; the message names the place.", "Mend it there."),
        ],
    ),
];

const fn error(code: &'static str, meaning: &'static str, way_out: &'static str) -> Meaning {
    Meaning { code, severity: Severity::Error, meaning, way_out, fix: "" }
}

const fn warning(code: &'static str, meaning: &'static str, way_out: &'static str) -> Meaning {
    Meaning { severity: Severity::Warning, ..error(code, meaning, way_out) }
}

const fn fixed(meaning: Meaning, fix: &'static str) -> Meaning {
    Meaning { fix, ..meaning }
}
