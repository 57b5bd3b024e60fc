// The bundler takes the default export of a CommonJS package for the whole module
// when an ES module asks for it, as Node.js does. This is the component that
// Grafana's packages mean.
export { Scrollbars as default } from "../node_modules/react-custom-scrollbars-2/lib/index.js";
