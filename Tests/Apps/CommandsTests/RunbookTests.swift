// A runbook's steps run in bash, one by one, after a yes; variables pass, failures are told, and a record is left.
import Testing

@Suite struct RunbookTests {
    private let page = """
        # mend

        ## Check

        Which it is:

        ```sh
        NAME=${NAME:-"two words"}
        echo "found $NAME"
        ```

        ## Act

        This one fails:

        ```sh
        LATER=kept
        false
        ```

        And this one goes on:

        ```sh
        echo "still $NAME, $LATER"
        ```
        """

    private func scratch() throws -> Scratch {
        let scratch = try Scratch()
        _ = try scratch.run("mkdir books")
        try scratch.write(page, to: "books/mend.md")
        return scratch
    }

    @Test func variablesPassAndTheRecordTells() throws {
        let scratch = try scratch()
        let result = try scratch.run(
            "printf 'y\\ny\\ny\\n' | paceline runbook run mend --directory books --record kept")
        #expect(result.status == 1)
        #expect(result.output.contains("found two words"))
        #expect(result.output.contains("Step 2 ended with 1."))
        #expect(result.output.contains("still two words, kept"))
        let record = try scratch.run("cat kept").output
        for line in [
            "step 1, Check", "found two words", "step 2 ended with 1", "still two words, kept",
            "step 3 ended with 0",
        ] {
            #expect(record.contains(line))
        }
        #expect(try scratch.run("ls").output.contains("kept.variables") == false)
    }

    @Test func nothingRunsWithoutAYes() throws {
        let scratch = try scratch()
        let skipped = try scratch.run(
            "printf 's\\nn\\n' | paceline runbook run mend --directory books --record kept")
        #expect(skipped.status == 0)
        #expect(!skipped.output.contains("found two"))
        #expect(skipped.output.contains("Stopped before step 2"))
        let ended = try scratch.run("paceline runbook run mend --directory books --record kept < /dev/null")
        #expect(ended.output.contains("Stopped before step 1"))
    }

    @Test func oneStepTakesWhatWasSetBefore() throws {
        let result = try scratch().run(
            "echo y | NAME=here LATER=now paceline runbook run mend --step 3 --directory books --record kept")
        #expect(result.status == 0)
        #expect(result.output.contains("still here, now"))
    }

    @Test func nothingRunsWhereItCannotBeRecorded() throws {
        let result = try scratch().run(
            "yes | paceline runbook run mend --directory books --record nowhere/kept")
        #expect(result.status == 1)
        #expect(result.errors.contains("nothing is run"))
        #expect(!result.output.contains("found two"))
    }

    @Test func aWrongNameIsToldWithTheNearest() throws {
        let result = try scratch().run("paceline runbook show mned --directory books")
        #expect(result.status == 1)
        #expect(result.errors.contains("did you mean 'mend'?"))
    }
}
