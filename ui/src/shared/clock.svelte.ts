/** The present, for words like “2 min ago”; moves on by itself while something shows it. */
class Clock {
  now = $state(Date.now());

  constructor() {
    window.setInterval(() => (this.now = Date.now()), 5000);
  }
}

export const clock = new Clock();
