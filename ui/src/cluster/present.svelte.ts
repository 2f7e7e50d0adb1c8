/** How often the present moves on. */
const STEP_MS = 500;

/** The present, for as long as the component stands; it moves on while something does. */
export class Present {
  now = $state(Date.now());

  constructor(moves: () => boolean) {
    $effect(() => {
      this.now = Date.now();
      if (!moves()) return;
      const timer = window.setInterval(() => (this.now = Date.now()), STEP_MS);
      return () => window.clearInterval(timer);
    });
  }
}
