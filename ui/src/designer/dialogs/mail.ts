/** What is wrong with a mail address, if anything is. Whether anybody reads mail there, git does not ask either. */
export function wrongMail(text: string): string | undefined {
  if (/^[^\s<>@]+@[^\s<>@]+$/.test(text.trim())) return undefined;
  return "This is no mail address. Write it like anna@example.com.";
}
