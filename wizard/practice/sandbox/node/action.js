'use strict';
function actionRunner() { throw new Error('not here yet'); }
module.exports = { actionRunner };
