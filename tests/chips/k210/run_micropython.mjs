// Runs a script from stdin in MicroPython, which finds the files of a folder in /input.
//     node run_micropython.mjs PATH/micropython.mjs FOLDER < SCRIPT
import { readFileSync, readdirSync } from "node:fs";

const [module, folder] = process.argv.slice(2);
const { loadMicroPython } = await import(module);
const python = await loadMicroPython({
  heapsize: 4 * 1024 * 1024,
  linebuffer: true,
  stdout: (line) => console.log(line),
});
python.FS.mkdir("/input");
for (const name of readdirSync(folder)) {
  python.FS.writeFile(`/input/${name}`, readFileSync(`${folder}/${name}`));
}
python.runPython(readFileSync(0, "utf8"));
