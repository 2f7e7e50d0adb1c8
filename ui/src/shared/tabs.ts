/** A tab. */
export interface TabEntry<Name extends string = string> {
  name: Name;
  title: string;
}
