import { expect, test } from "vitest";
import { wrongMail } from "./mail";

test("a mail address has a name and a host, blanks around it do not matter", () => {
  for (const good of ["anna@example.com", " anna@localhost ", "müller+flows@bücher.example"])
    expect(wrongMail(good)).toBeUndefined();
});

test("what is no mail address is refused with the way out", () => {
  for (const wrong of ["anna", "anna@", "@example.com", "an na@example.com", "a@b@c", "Anna <anna@example.com>"])
    expect(wrongMail(wrong)).toContain("anna@example.com");
});
