export interface Column {
  name: string;
  className?: string;
  unseen?: boolean; // the name is only for those who do not see the column
}

export function TableHead({ columns }: { columns: Column[] }) {
  return (
    <thead>
      <tr>
        {columns.map(({ name, className, unseen }) => (
          <th key={name} scope="col" className={className}>
            {unseen ? <span className="hidden">{name}</span> : name}
          </th>
        ))}
      </tr>
    </thead>
  );
}
