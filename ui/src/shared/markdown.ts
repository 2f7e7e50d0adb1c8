/** A piece of a line: plain, code or strong. */
export interface Inline {
  kind: "text" | "code" | "strong";
  text: string;
}

/** A block of a text. */
export type Block =
  { kind: "paragraph"; parts: Inline[] } | { kind: "list"; items: Inline[][] } | { kind: "code"; text: string };

/** The little Markdown that help texts use: paragraphs, lists, code blocks, `code` and **strong**. */
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
    } else if (isItem(line)) {
      const items: string[] = [];
      for (; at < lines.length && (lines[at] ?? "").trim() !== ""; at += 1) {
        const next = lines[at] ?? "";
        if (isItem(next)) items.push(next.replace(/^\s*[-*]\s+/, ""));
        else items[items.length - 1] += ` ${next.trim()}`;
      }
      blocks.push({ kind: "list", items: items.map(parseInline) });
    } else {
      const start = at;
      while (at < lines.length && (lines[at] ?? "").trim() !== "" && (at === start || !startsBlock(lines[at] ?? "")))
        at += 1;
      const words = lines.slice(start, at).map((part) => part.trim().replace(/^#+\s*/, ""));
      blocks.push({ kind: "paragraph", parts: parseInline(words.join(" ")) });
    }
  }
  return blocks;
}

function isItem(line: string): boolean {
  return /^\s*[-*]\s+/.test(line);
}

function startsBlock(line: string): boolean {
  return isItem(line) || line.startsWith("```");
}

/** The parts of one line. */
export function parseInline(text: string): Inline[] {
  return text
    .split(/(`[^`]+`|\*\*[^*]+\*\*)/)
    .filter((part) => part !== "")
    .map((part): Inline => {
      if (part.length > 2 && part.startsWith("`")) return { kind: "code", text: part.slice(1, -1) };
      if (part.length > 4 && part.startsWith("**")) return { kind: "strong", text: part.slice(2, -2) };
      return { kind: "text", text: part };
    });
}
