/** A notice in the corner of the window. Errors stay until they are dismissed. */
export interface ToastNotice {
  id: number;
  kind: "info" | "ok" | "error";
  title: string;
  text: string | undefined;
  /** What it is about: one that comes later about the same takes its place. */
  about: string | undefined;
}

class Toasts {
  shown = $state<ToastNotice[]>([]);
  #next = 1;

  /** Tells that something was done. */
  ok(title: string, text?: string, about?: string): void {
    this.#show("ok", title, text, about, 4000);
  }

  /** Tells something worth knowing. */
  info(title: string, text?: string, about?: string): void {
    this.#show("info", title, text, about, 5000);
  }

  /** Tells that something could not be done, and the way out. */
  error(title: string, text?: string): void {
    this.#show("error", title, text);
  }

  dismiss(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }

  /** Takes away what is no longer so. */
  forget(about: string): void {
    this.shown = this.shown.filter((toast) => toast.about !== about);
  }

  #show(kind: ToastNotice["kind"], title: string, text?: string, about?: string, stays?: number): void {
    const id = this.#next++;
    if (about !== undefined) this.forget(about);
    const others = this.shown.filter((toast) => toast.title !== title || toast.text !== text);
    this.shown = [...others.slice(-3), { id, kind, title, text, about }];
    if (stays) window.setTimeout(() => this.dismiss(id), stays);
  }
}

export const toasts = new Toasts();
