import { Empty } from "../parts/notice";
import { Head } from "../parts/head";
import { Link } from "../route/link";

export function NotFound() {
  return (
    <>
      <Head title="No such page" />
      <Empty>
        This address leads nowhere. <Link to="/">Go to the overview</Link>.
      </Empty>
    </>
  );
}
