// choice is an input of a list to choose from, with the name of what it stands for.
// properties are those of the input.
export function choice(name, properties) {
  const label = document.createElement('label');
  const text = document.createElement('bdi');
  text.textContent = name;
  label.append(Object.assign(document.createElement('input'), properties), text);
  return label;
}
