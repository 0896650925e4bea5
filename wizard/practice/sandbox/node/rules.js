'use strict';
function rulesRunner() { throw new Error('not here yet'); }
module.exports = { rulesRunner };
