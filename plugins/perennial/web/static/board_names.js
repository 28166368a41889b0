// The name of a dashboard, by its title: it begins with a letter, whatever the title begins with.
import { slug } from "./audience_words.js";

export function address(title) {
  const plain = slug(`board ${title}`).replace(/^board_?/, "");
  return /^[a-z]/.test(plain) ? plain : plain && `board_${plain}`;
}
