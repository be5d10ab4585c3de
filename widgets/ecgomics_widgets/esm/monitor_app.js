// Monitor: the whole program of its page, which a browser keeps so that it opens without the server.
import {MonitorPage} from "./monitor/page.js";

new MonitorPage(document.body);
