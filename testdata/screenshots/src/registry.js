// What Grafana's core registers at its start and its packages leave to others:
// transformations, and the settings of fields that overrides may change.
import { Registry, standardTransformers, standardTransformersRegistry } from "@grafana/data";

export function registerTransformations() {
  standardTransformersRegistry.setInit(() =>
    [...new Map(Object.values(standardTransformers).map((one) => [one.id, one])).values()].map((transformation) => ({
      id: transformation.id, name: transformation.name, transformation: () => transformation, editor: () => null,
    })),
  );
}

// settings is a registry of all settings that a panel's fields have.
export function settings({ fieldConfig: { defaults, overrides } }) {
  const { custom = {}, ...standard } = defaults;
  const ids = new Set([
    ...Object.keys(standard),
    ...Object.keys(custom).map((key) => `custom.${key}`),
    ...overrides.flatMap(({ properties }) => properties.map(({ id }) => id)),
  ]);
  return new Registry(() =>
    [...ids].map((id) => {
      const isCustom = id.startsWith("custom.");
      return {
        id, path: isCustom ? id.slice("custom.".length) : id, name: id, isCustom,
        process: (value) => value, shouldApply: () => true, editor: () => null, override: () => null,
      };
    }),
  );
}
