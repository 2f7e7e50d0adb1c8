/** A piece of a line: plain, code, strong or stressed; or a link to a web address. */
export type Inline =
  { kind: "text" | "code" | "strong" | "stress"; text: string } | { kind: "link"; text: string; to: string };

/** A block of a text. */
export type Block =
  | { kind: "paragraph"; parts: Inline[] }
  | { kind: "heading"; parts: Inline[] }
  | { kind: "list"; ordered: boolean; items: Inline[][] }
  | { kind: "table"; head: Inline[][]; rows: Inline[][][] }
  | { kind: "code"; text: string };

/**
 * The little Markdown that help texts and notes use: paragraphs, headings, lists, tables, code blocks, `code`, **strong**,
 * *stress* and [links](https://example.org).
 */
export function parseMarkdown(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.replaceAll("\r", "").split("\n");
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? "";
    if (line.trim() === "") {
      at += 1;
    } else if (line.startsWith("```")) {
      const end = lines.findIndex((other, index) => index > at && other.startsWith("```"));
      const stop = end < 0 ? lines.length : end;
      blocks.push({ kind: "code", text: lines.slice(at + 1, stop).join("\n") });
      at = stop + 1;
    } else if (isHeading(line)) {
      blocks.push({ kind: "heading", parts: parseInline(line.replace(/^#+\s+/, "").trim()) });
      at += 1;
    } else if (isItem(line)) {
      const items: string[] = [];
      for (; at < lines.length && (lines[at] ?? "").trim() !== ""; at += 1) {
        const next = lines[at] ?? "";
        if (isItem(next)) items.push(next.replace(ITEM, ""));
        else items[items.length - 1] += ` ${next.trim()}`;
      }
      blocks.push({ kind: "list", ordered: /^\s*\d/.test(line), items: items.map(parseInline) });
    } else if (isRow(line)) {
      const start = at;
      while (isRow(lines[at] ?? "")) at += 1;
      const [head = [], , ...rows] = lines.slice(start, at).map(cellsOf);
      blocks.push({ kind: "table", head, rows });
    } else {
      const start = at;
      while (at < lines.length && (lines[at] ?? "").trim() !== "" && (at === start || !startsBlock(lines[at] ?? "")))
        at += 1;
      const words = lines.slice(start, at).map((part) => part.trim());
      blocks.push({ kind: "paragraph", parts: parseInline(words.join(" ")) });
    }
  }
  return blocks;
}

/** What an item of a list begins with. */
const ITEM = /^\s*(?:[-*]|\d{1,3}[.)])\s+/;

function isItem(line: string): boolean {
  return ITEM.test(line);
}

function isHeading(line: string): boolean {
  return /^#{1,6}\s+\S/.test(line);
}

function isRow(line: string): boolean {
  return line.startsWith("|");
}

/** The cells of a table's row. A `|` in code does not end one. */
function cellsOf(row: string): Inline[][] {
  const cells =
    row
      .trim()
      .slice(1)
      .match(/(?:`[^`]*`|[^|])*\|/g) ?? [];
  return cells.map((cell) => parseInline(cell.slice(0, -1).trim()));
}

function startsBlock(line: string): boolean {
  return isItem(line) || isHeading(line) || isRow(line) || line.startsWith("```");
}

/** The parts of one line. */
export function parseInline(text: string): Inline[] {
  return text
    .split(/(`[^`]+`|\[[^\]]+\]\(https?:\/\/[^\s)]+\)|\*\*[^*]+\*\*|\*[^\s*](?:[^*]*[^\s*])?\*)/)
    .filter((part) => part !== "")
    .map((part): Inline => {
      if (part.length > 2 && part.startsWith("`")) return { kind: "code", text: part.slice(1, -1) };
      if (part.length > 4 && part.startsWith("**")) return { kind: "strong", text: part.slice(2, -2) };
      if (part.length > 2 && part.startsWith("*") && part.endsWith("*"))
        return { kind: "stress", text: part.slice(1, -1) };
      const link = /^\[([^\]]+)\]\((https?:[^)]+)\)$/.exec(part);
      if (link) return { kind: "link", text: link[1] ?? "", to: link[2] ?? "" };
      return { kind: "text", text: part };
    });
}
