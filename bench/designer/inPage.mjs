// What runs inside of the page that is measured. It is handed over as text.

export const inPage = `(${function () {
  /** Behind the painting of the frame whose callbacks run. */
  const behindFrame = () =>
    new Promise((done) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => done(performance.now());
      channel.port2.postMessage(0);
    });
  /** When the first frame that \`holds\` is painted. */
  const painted = async (holds) => {
    do await new Promise(requestAnimationFrame);
    while (!holds());
    return behindFrame();
  };
  window.bench = {
    frames: {
      begin() {
        this.times = [performance.now()];
        const tick = (time) => {
          this.times.push(time);
          this.handle = requestAnimationFrame(tick);
        };
        this.handle = requestAnimationFrame(tick);
      },
      end() {
        cancelAnimationFrame(this.handle);
        // Without a second frame, the first has not ended yet.
        if (this.times.length < 2) this.times.push(performance.now());
        return this.times.slice(1).map((time, at) => time - this.times[at]);
      },
    },
    /** From the next event of this kind until \`holds\` is true and painted, in ms. */
    armed(kind, holds) {
      this.measured = new Promise((done) => {
        window.addEventListener(
          kind,
          async (event) => {
            done((await painted(holds)) - event.timeStamp);
          },
          { once: true, capture: true },
        );
      });
    },
    /** From the beginning of the navigation until \`holds\` is true and painted, in ms. */
    since: painted,
    /** How the page calls what is measured; other libraries than Svelte Flow say so themselves. */
    get page() {
      return (
        window.benchPage ?? {
          canvas: ".svelte-flow",
          node: ".svelte-flow__node",
          isFree: (element) => element.classList.contains("svelte-flow__pane"),
          idOf: (element) => element.dataset.id,
        }
      );
    },
    nodes() {
      return [...document.querySelectorAll(this.page.node)];
    },
    /** Whether nodes of the flow are drawn within the window. */
    draws(flow) {
      const canvas = document.querySelector(
        flow ? '[aria-label="Canvas of ' + flow + '"]' : this.page.canvas,
      );
      const node = canvas?.querySelector(this.page.node);
      return (
        !!node &&
        getComputedStyle(node).visibility === "visible" &&
        node.getBoundingClientRect().width > 0
      );
    },
    /** The place and size of the canvas. */
    canvas() {
      const { x, y, width, height } = document
        .querySelector(this.page.canvas)
        .getBoundingClientRect();
      return { x, y, width, height };
    },
    /** A place near the middle of the canvas where nothing but the canvas is. */
    free() {
      const { x, y, width, height } = this.canvas();
      for (let far = 0; far < Math.min(width, height) / 2 - 40; far += 6)
        for (let turn = 0; turn < 24; turn++) {
          const angle = (turn * Math.PI) / 12;
          const at = {
            x: x + width / 2 + far * Math.cos(angle),
            y: y + height / 2 + far * Math.sin(angle),
          };
          const element = document.elementFromPoint(at.x, at.y);
          if (element && this.page.isFree(element)) return at;
        }
      return undefined;
    },
    /** The middle of the node that is nearest to the middle of the canvas. */
    node() {
      const { x, y, width, height } = this.canvas();
      const places = this.nodes().map((node) => {
        const box = node.getBoundingClientRect();
        const at = {
          id: this.page.idOf(node),
          x: box.x + box.width / 2,
          y: box.y + box.height / 2,
        };
        return {
          ...at,
          far: Math.hypot(at.x - x - width / 2, at.y - y - height / 2),
        };
      });
      return places.sort((one, other) => one.far - other.far)[0];
    },
    place(selector) {
      const element = document.querySelector(selector);
      element?.scrollIntoView({ block: "nearest" });
      const box = element?.getBoundingClientRect();
      return box && { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    },
  };
}})();`;
