// Names of a user's own in messages: in quotes, so that one sees where they begin and end, and no longer than can be read.

const mostCharacters = 60;

/** A name in double quotes with its special characters escaped, cut off after so many characters. */
export function quoted(name: string, characters = mostCharacters): string {
  return JSON.stringify(name.slice(0, characters));
}
