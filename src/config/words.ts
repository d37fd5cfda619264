/** Stands for the file of the product's own checks. */
export const builtinFile = 'builtin';

/** What is sealed in place of an approval that nothing shows. */
export const NOT_EVIDENCED = 'approval not evidenced';
