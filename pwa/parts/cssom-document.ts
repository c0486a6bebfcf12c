/**
 * A document in which `<style>` elements work under a policy without inline styles: their text becomes a constructed style sheet. For libraries
 * that make their own, such as the terminal. Everything else is the real document.
 */

function styleElement(): HTMLElement {
  // Not a <style>, so the policy has nothing to object to; its text is read by nobody but the setter below.
  const element = document.createElement('span');
  element.hidden = true;
  const sheet = new CSSStyleSheet();
  let text = '';
  Object.defineProperty(element, 'textContent', {
    get: () => text,
    set: (next: string) => {
      text = next;
      sheet.replaceSync(next);
    },
  });
  Object.defineProperty(element, 'sheet', { get: () => sheet });
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const remove = element.remove.bind(element);
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((s) => s !== sheet);
    remove();
  };
  return element;
}

/** Passes as a Document; methods run on the real one. */
export function cssomDocument(): Document {
  return new Proxy(document, {
    get(target, key) {
      if (key === 'createElement')
        return (name: string, options?: ElementCreationOptions) =>
          name === 'style' ? styleElement() : target.createElement(name, options);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}
