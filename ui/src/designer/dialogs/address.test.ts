import { describe, expect, it } from "vitest";
import { readAddress } from "./address";

describe("the address of a server", () => {
  it("stays as it is when it is whole", () => {
    for (const url of ["http://127.0.0.1:7400", "https://cairn.example/flows/", "HTTP://north:7400"])
      expect(readAddress(` ${url} `)).toEqual({ url });
  });

  it("is completed by https, and by http where it is this machine", () => {
    expect(readAddress("cairn.example:7400")).toEqual({ url: "https://cairn.example:7400", added: "https://" });
    expect(readAddress("10.0.0.7")).toEqual({ url: "https://10.0.0.7", added: "https://" });
    expect(readAddress("localhost.example")).toEqual({ url: "https://localhost.example", added: "https://" });
    for (const here of ["localhost:7400", "127.0.0.1:7400", "[::1]:7400", "LOCALHOST/cairn"])
      expect(readAddress(here)).toEqual({ url: `http://${here}`, added: "http://" });
  });

  it("is refused with the way out where it leads nowhere", () => {
    expect(readAddress("ftp://cairn.example")).toEqual({ wrong: expect.stringContaining("not by ftp://") as string });
    for (const none of ["two words", "north:port", "https://", "//"])
      expect(readAddress(none)).toEqual({ wrong: expect.stringContaining("https://server.example:7400") as string });
  });
});
