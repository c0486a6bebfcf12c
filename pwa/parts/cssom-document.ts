/**
 * A document in which a library that writes its own styles works under a policy without inline ones: `<style>` elements become constructed
 * style sheets, and `style` attributes go through the CSSOM. Everything else is the real document.
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

const create = document.createElement.bind(document);

function createElement(name: string, options?: ElementCreationOptions): HTMLElement {
  if (name === 'style') return styleElement();
  const element = create(name, options);
  const setAttribute = element.setAttribute.bind(element);
  element.setAttribute = (attribute: string, value: string) => {
    if (attribute === 'style') element.style.cssText = value;
    else setAttribute(attribute, value);
  };
  return element;
}

/** Passes as a Document; methods run on the real one. */
export function cssomDocument(): Document {
  return new Proxy(document, {
    get(target, key) {
      if (key === 'createElement') return createElement;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

/** For what takes the global document whatever it is told: elements made while `task` runs are made as above. */
export function withCssom(task: () => void): void {
  document.createElement = createElement as Document['createElement'];
  try {
    task();
  } finally {
    Reflect.deleteProperty(document, 'createElement');
  }
}
