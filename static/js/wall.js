// The script of the wall and of a seat's page: loads their elements.

import { ClassWall } from "./wall/class-wall.js";
import { SeatTile } from "./wall/seat-tile.js";

customElements.define("class-wall", ClassWall);
customElements.define("seat-tile", SeatTile);
