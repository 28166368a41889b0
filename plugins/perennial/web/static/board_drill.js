// Where a widget leads: another dashboard, with the day, the filters, and what was picked.
export class Drill {
  // `picks` are the board's; `filters` those of its document.
  constructor(controls, picks, filters) {
    Object.assign(this, { controls, picks, filters });
  }

  // The address that `drill` leads to, by what is picked, or by a row: its values by column, of which `keys` name it.
  address({ dashboard, filters = null }, keys = null, row = null) {
    const query = this.controls.query(true);
    for (const { name, column } of this.filters) {
      const values = query.getAll(name).filter(Boolean);
      const field = column?.split(".").at(-1);
      if (field) for (const value of values) query.append(`pick.${field}`, value);
    }
    const picked = row ? keys.map((name) => [name, [row.get(name)]]) : [...this.picks.chosen].map(([name, { values }]) => [name, [...values.keys()]]);
    const named = Object.entries(filters ?? {});
    for (const [column, values] of filters ? [] : picked) {
      query.delete(`pick.${column}`);
      for (const value of values) if (value !== null) query.append(`pick.${column}`, value);
    }
    for (const [name, column] of named) {
      const values = row ? [row.get(column)] : picked.find(([one]) => one === column)?.[1] ?? [];
      if (values.length) query.delete(name);
      for (const value of values) if (value !== null && value !== undefined) query.append(name, value);
    }
    return `${document.body.dataset.root}dashboards/${dashboard}${query.size ? `?${query}` : ""}`;
  }
}
