// What the wall and a seat's page need besides: they start by themselves when they appear.

import { ClassWall } from "./wall/class-wall.js";
import { SeatTile } from "./wall/seat-tile.js";

customElements.define("class-wall", ClassWall);
customElements.define("seat-tile", SeatTile);
