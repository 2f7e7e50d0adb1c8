import { describe, expect, it } from "vitest";
import { chordOf, shownKeys } from "./chords";

const press = (key: string, more: Partial<KeyboardEvent> = {}): KeyboardEvent =>
  ({ key, code: "", ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more }) as KeyboardEvent;

describe("a shortcut", () => {
  it("is what was pressed, with ⌘ as Ctrl", () => {
    expect(chordOf(press("z", { ctrlKey: true }))).toBe("Ctrl+Z");
    expect(chordOf(press("Z", { metaKey: true, shiftKey: true }))).toBe("Ctrl+Shift+Z");
    expect(chordOf(press("F5", { shiftKey: true }))).toBe("Shift+F5");
    expect(chordOf(press("ArrowLeft", { altKey: true }))).toBe("Alt+←");
  });

  it("names a sign by itself, and a digit by its key", () => {
    expect(chordOf(press("?", { shiftKey: true, code: "Slash" }))).toBe("?");
    expect(chordOf(press("+", { shiftKey: true, code: "Equal" }))).toBe("+");
    expect(chordOf(press("!", { shiftKey: true, code: "Digit1" }))).toBe("Shift+1");
    expect(chordOf(press("+", { ctrlKey: true }))).toBe("Ctrl++");
    expect(chordOf(press(" ", { shiftKey: true }))).toBe("Shift+Space");
  });

  it("is shown as the platform writes it", () => {
    expect(shownKeys("Ctrl+Shift+Z", false)).toBe("Ctrl+Shift+Z");
    expect(shownKeys("Ctrl+Shift+Z", true)).toBe("⇧⌘Z");
    expect(shownKeys("Ctrl++", true)).toBe("⌘+");
    expect(shownKeys("-", false)).toBe("−");
  });
});
