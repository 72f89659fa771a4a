import { createRoot } from "react-dom/client";
import { App } from "./app";
import { apply_theme, kept_theme } from "./parts/theme";
import "./style/tokens.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/parts.css";
import "./style/bars.css";
import "./style/tables.css";
import "./style/dialogs.css";
import "./style/overview.css";
import "./style/devices.css";
import "./style/detail.css";
import "./style/door.css";
import "./style/identity.css";

apply_theme(kept_theme());
createRoot(document.getElementById("root")!).render(<App />);
