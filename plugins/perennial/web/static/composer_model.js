// The catalogue as the composer reads it: tables, what each can be joined to, and columns by `alias.column`.
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
export const words = (name) => sentence(name.replaceAll("_", " ").trim());

export const KINDS = { fact: "Facts", dimension: "Dimensions", lookup: "About the store" };

export class Model {
  constructor(tables) {
    this.tables = tables;
    this.byName = new Map(tables.map((table) => [table.name, table]));
  }

  table(name) {
    return this.byName.get(name);
  }

  // The table itself and its joins, each with its columns; `many` where rows would be counted several times.
  scopes(name) {
    const own = this.table(name);
    if (!own) return [];
    const joined = own.joins.map((join) => this.scope(join.alias, this.table(join.table), join.many || this.isBehindMany(own, join)));
    return [this.scope(own.name, own, false), ...joined];
  }

  scope(alias, table, many) {
    return { alias, table, many, title: table.title, columns: table.columns.map((column) => ({ ...column, id: `${alias}.${column.name}`, alias, many, title: words(column.name) })) };
  }

  isBehindMany(own, join) {
    const left = own.joins.find((each) => each.alias === join.left);
    return Boolean(left) && (left.many || this.isBehindMany(own, left));
  }

  column(table, id) {
    for (const scope of this.scopes(table)) {
      const found = scope.columns.find((column) => column.id === id);
      if (found) return { ...found, of: scope.table.name };
    }
    return null;
  }

  // The day by which a fact is kept: sums over all days would count the same people again.
  day(name) {
    return this.table(name)?.columns.find((column) => column.kind === "day" && column.name === "date_key") ?? null;
  }
}
