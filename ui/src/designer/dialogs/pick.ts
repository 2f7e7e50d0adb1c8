/** Something that can be picked by typing. */
export interface PickEntry {
  id: string;
  /** What typing looks at. */
  text: string;
}
