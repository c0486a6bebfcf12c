/** The last two parts of a path: on a phone they tell more than the first. */
export const shortPath = (path: string): string => {
  const parts = path.split('/').filter(Boolean);
  return parts.length <= 2 ? path : `…/${parts.slice(-2).join('/')}`;
};
