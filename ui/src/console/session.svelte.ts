import type { Account, Session as WireSession } from "../generated/types";
import { ClusterError } from "../cluster/source";
import { call } from "./api";

/** Who is signed in at this page's server. */
export class Session {
  account = $state.raw<Account>();
  /** Whether the password was made by an administrator: nothing else is answered until it is changed. */
  mustChangePassword = $state(false);
  /** Whether it is known yet who is signed in. */
  known = $state(false);
  /** Why it cannot be known: the server does not answer. */
  problem = $state.raw<ClusterError>();
  /** Whether a session ended by itself while the page was open. */
  expired = $state(false);

  /** Asks the server. Someone who was signed in and is not any more sees so. */
  async look(): Promise<void> {
    try {
      this.#take(await call<WireSession>("GET", "/session"));
      this.problem = undefined;
    } catch (thrown) {
      const error = ClusterError.from(thrown);
      if (error.code === "auth/required") {
        this.expired = this.account !== undefined;
        this.account = undefined;
        this.problem = undefined;
      } else this.problem = error;
    }
    this.known = true;
  }

  /** Signs in; answers the error, if there was one. */
  async signIn(name: string, password: string): Promise<ClusterError | undefined> {
    try {
      this.#take(await call<WireSession>("POST", "/login", { name, password }));
      this.expired = false;
      return undefined;
    } catch (thrown) {
      return ClusterError.from(thrown);
    }
  }

  /** Goes on with a new password: the old session ended when it was changed. */
  async goOn(password: string): Promise<void> {
    if (this.account && !(await this.signIn(this.account.name, password))) return;
    await this.look();
  }

  async signOut(): Promise<void> {
    try {
      await call("POST", "/logout");
    } catch (thrown) {
      if (ClusterError.from(thrown).code !== "auth/required") throw thrown;
    }
    this.account = undefined;
    this.expired = false;
  }

  #take({ account, mustChangePassword }: WireSession): void {
    this.account = account;
    this.mustChangePassword = mustChangePassword ?? false;
  }
}
