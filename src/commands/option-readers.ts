import { InvalidArgumentError } from "commander";

/** A whole number of the command line, or what is wrong with it. */
export function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** For an option that may be repeated. */
export function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}
