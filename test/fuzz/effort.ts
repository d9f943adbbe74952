/** How many inputs a fuzzer tries: a few in the suite, a hundred times as many in `npm run fuzz`. */
export const inputs = (few: number): number => process.env.MODE === "fuzz" ? few * 100 : few
