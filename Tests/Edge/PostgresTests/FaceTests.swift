// What a caller sees of a healthy server: typed parameters and rows, transactions, pipelines.
import Kernel
import PostgresServer
import Reactor
import Testing
import Units

@testable import Postgres

@Suite(.enabled(if: hasPostgres, needs), .serialized)
struct FaceTests {
    @Test(arguments: [DriverChoice.ring, .poller]) func aTransactionInOneRoundTrip(_ driver: DriverChoice)
        throws
    {
        let server = try sharedServer()
        let table = "face_\(driver == .ring ? "ring" : "poller")"
        try server.psql("create table \(table) (id int8 primary key, name text)")
        let bench = try Bench(options(server), driver)
        let insert = PostgresStatement("insert into \(table) values ($1, $2) returning id * 2", .int8, .text)
        var batch = PostgresBatch()
        batch.add(insert, .int8(21), .text("näme"))
        batch.add(insert, .int8(22), .null)
        let rows = try bench.run(batch).rows()
        #expect(rows.count == 2)
        #expect(try rows[0][0].read(0, as: Int64.self) == 42)
        #expect(rows[0].affected == 1)
        #expect(try server.psql("select * from \(table) order by id").output == "21|näme\n22|")
    }
}
