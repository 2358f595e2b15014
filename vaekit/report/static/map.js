// The latent map.
"use strict";
