export interface EdgeTables {}
