/**
 * For a library that writes its own styles, under a policy without inline ones: `<style>` elements become constructed style sheets, and `style`
 * attributes go through the CSSOM.
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

let users = 0;

/**
 * From now on, until the returned function is called, elements made with `document.createElement` are made as above. The terminal takes the
 * global document whatever it is told, so there is no narrower way.
 */
export function cssomStyles(): () => void {
  users++;
  document.createElement = createElement as Document['createElement'];
  return () => {
    if (--users === 0) Reflect.deleteProperty(document, 'createElement');
  };
}
