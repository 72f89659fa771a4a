import { useEffect, type ReactNode } from "react";
import { Link } from "../route/link";

// The list this is one of.
export interface Up {
  to: string;
  name: string;
}

interface Props {
  title: string;
  up?: Up;
  children?: ReactNode; // tags and counts beside the title
  acts?: ReactNode;
}

// The top of a screen, and the title of the browser's tab.
export function Head({ title, up, children, acts }: Props) {
  useEffect(() => {
    document.title = `${title} · Muster`;
  }, [title]);
  return (
    <div className="head">
      {up && (
        <nav className="trail" aria-label="Breadcrumb">
          <Link to={up.to}>{up.name}</Link>
        </nav>
      )}
      <h1 className="break">{title}</h1>
      {children}
      {acts && <div className="acts">{acts}</div>}
    </div>
  );
}
