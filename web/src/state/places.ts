/** Where one talks: in a conversation, or with a person, whichever conversations that goes through. */

/** Whether it is a person's id; ids of conversations begin otherwise. */
export const isPerson = (place: string): boolean => /^p\d+$/.test(place)
