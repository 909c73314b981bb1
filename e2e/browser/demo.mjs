// The demo site of `cognate dev`, for the tests that visit it.

export const PASSWORD = "Corr3ct-horse-battery";

/**
 * The demo site as a visitor meets it: views that are shown and hidden, forms with labels, one
 * button each.
 */
export class Demo {
  /** `url` is where the server is opened, if not by its address. */
  constructor(page, server, url = server.url) {
    this.page = page;
    this.server = server;
    this.url = url;
  }

  open(view = "") {
    return this.page.goto(`${this.url}/demo/${view && `#${view}`}`);
  }

  /** Waits until the view is shown, and gives it. */
  async view(name) {
    const view = this.page.locator(`#view-${name}`);
    await view.waitFor();
    return view;
  }

  /** Fills the form of a view by its labels and sends it. */
  async send(name, fields) {
    const view = await this.view(name);
    for (const [label, value] of Object.entries(fields))
      await view.getByLabel(label, { exact: true }).fill(value);
    await view.locator("form button:not([type])").click();
  }

  /** What the form of a view says when it could not be sent. */
  async complaint(name) {
    const words = this.page.locator(`#view-${name} form .error`).filter({ hasText: /./ });
    await words.waitFor();
    return words.textContent();
  }

  async register(address) {
    await this.open("register");
    await this.send("register", { Email: address, Password: PASSWORD });
    await this.view("verify");
  }

  async join(address) {
    await this.register(address);
    await this.send("verify", { Code: await this.server.code(address) });
    await this.signIn(address);
  }

  async signIn(address, password = PASSWORD) {
    await this.send("sign-in", { Email: address, Password: password });
    await this.view("home");
  }
}
