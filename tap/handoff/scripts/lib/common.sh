# shellcheck shell=sh disable=SC2034,SC2154 # the scripts that read this file set and use them
# What deploy.sh and delete.sh share. They set `here`, the folder of the bundle, and read this file.
# It needs a POSIX shell with its usual companions (awk, sed, sort, cksum, mktemp) and the AWS CLI, version 1 or 2.

FAILED=1 USAGE=2 NOT_CONFIRMED=3 NO_ACCESS=4 NO_ENDPOINT=5 BLOCKED=6
tab=$(printf '\t')

# Version 2 would show answers in a pager, and read templates in the locale's encoding.
export AWS_PAGER='' AWS_CLI_FILE_ENCODING=UTF-8
export AWS_RETRY_MODE="${AWS_RETRY_MODE:-standard}"

profile='' region_given='' endpoint=${AWS_ENDPOINT_URL:-} bucket='' yes='' region=''
pause=${HANDOFF_POLL_SECONDS:-5}

say() { printf '%s\n' "$*" >&2; }

die() {
    code=$1
    shift
    say "error: $*"
    exit "$code"
}

begin() {
    work=$(mktemp -d) || exit "$FAILED"
    trap 'at_the_end; rm -rf "$work"' EXIT
    trap 'say "interrupted. What CloudFormation has begun goes on; the same command takes it up again."; exit 130' INT
    trap 'exit 143' TERM
    json "$here/manifest.json" >"$work/manifest"
    system=$(fact System)
    version=$(fact Version)
}

at_the_end() { :; } # deploy.sh has something to put back

# --- Reading JSON -------------------------------------------------------------------------------------------------

# json FILE: its values, a line each (lib/json.awk says how). Ends the script if it is no JSON.
json() {
    awk -f "$here/lib/json.awk" "$1" 2>"$work/why" || die "$USAGE" "$1 is no JSON: $(cat "$work/why")."
}

# of FILE PATH: the value of a path in a file that json made; nothing if there is none.
of() { awk -F '\t' -v path="$2" '$1 == path { print substr($0, length(path) + 2); exit }' "$1"; }

# listed FILE PATH: the values of a list.
listed() {
    awk -F '\t' -v path="$2/" 'index($1, path) == 1 && substr($1, length(path) + 1) ~ /^[0-9]+$/ { print $2 }' "$1"
}

fact() { of "$work/manifest" "$1"; }

facts() { listed "$work/manifest" "$1"; }

in_list() { printf '%s\n' "$2" | grep -qxF -e "$1"; }

on_one_line() { awk '{ printf "%s%s", sep, $0; sep = ", " }'; }

# plain: texts as people write them; JSON escapes quotes and backslashes.
plain() { sed 's/\\\(["\\/]\)/\1/g'; }

# escaped: a line as it stands within double quotes in JSON.
escaped() { sed 's/[\\"]/\\&/g'; }

# --- The options that both have -----------------------------------------------------------------------------------

# common_option "$@": takes an option; gives (in `took`) how many words that were, 0 if it knows none.
common_option() {
    took=2
    case $1 in
    --profile) profile=$(argument "$@") || exit ;;
    --region) region_given=$(argument "$@") || exit ;;
    --endpoint-url) endpoint=$(argument "$@") || exit ;;
    --layout) layout=$(argument "$@") || exit ;;
    --parameters) parameters_file=$(argument "$@") || exit ;;
    --yes) yes=1 took=1 ;;
    --edge) with_edge=1 took=1 ;;
    -h | --help)
        usage
        exit 0
        ;;
    -*) took=0 ;;
    *)
        [ -z "$environment" ] || die "$USAGE" "there is one environment too many: $1. See --help."
        environment=$1 took=1
        ;;
    esac
}

argument() {
    [ $# -gt 1 ] || die "$USAGE" "$1 wants a value. See --help."
    printf '%s\n' "$2"
}

check_options() {
    [ -n "$environment" ] || die "$USAGE" "which environment? There are: $(facts Environments | on_one_line). See --help."
    case $layout in
    stack | tiers | nested) ;;
    *) die "$USAGE" "there is no layout $layout. There are: stack, tiers, nested." ;;
    esac
    if [ -n "$with_edge" ] && [ -z "$(fact Edge/0/Template)" ]; then die "$USAGE" "$system has no edge."; fi
    if [ -z "$parameters_file" ]; then
        parameters_file=$here/parameters/$environment.json
        [ -f "$parameters_file" ] || die "$USAGE" "there is no environment $environment: no parameters/$environment.json." \
            "There are: $(environments)."
    fi
    [ -f "$parameters_file" ] || die "$USAGE" "there is no file $parameters_file."
}

environments() {
    for each in "$here"/parameters/*.json; do basename "$each" .json; done | on_one_line
}

# --- Calling AWS --------------------------------------------------------------------------------------------------

# try WORD…: a call of the AWS CLI; its answer goes to $work/answer, what it complains about to $work/complaint.
try() {
    [ -z "$profile" ] || set -- "$@" --profile "$profile"
    [ -z "$endpoint" ] || set -- "$@" --endpoint-url "$endpoint"
    aws "$@" --region "$region" >"$work/answer" 2>"$work/complaint"
}

# call WORD…: the same; a failure ends the script with one clear line.
call() { try "$@" || complain "$1 $2"; }

answer() { cat "$work/answer"; }

first() { head -n 1 "$work/answer"; }

complaint() {
    sed -n '/[^[:space:]]/ { s/^aws: \[ERROR\]: *//; s/^.*An error occurred (\([^)]*\)) when calling the [A-Za-z]* operation[^:]*: */\1: /; p; }' \
        "$work/complaint" | awk '{ printf "%s%s", sep, $0; sep = " " } END { print "" }'
}

complain() {
    said=$(complaint)
    case $said in
    *'Unable to locate credentials'* | *'Partial credentials'* | *'config profile'*'could not be found'* | \
        *ExpiredToken* | *'token'*'expired'* | *InvalidClientTokenId* | *UnrecognizedClient* | *SignatureDoesNotMatch* | \
        *'Error loading SSO'* | *'SSO session'* | *'retrieving token from sso'*)
        die "$NO_ACCESS" "no credentials that AWS takes: $said Sign in (aws configure, aws sso login), or name a profile: --profile NAME."
        ;;
    *AccessDenied* | *'not authorized'* | *UnauthorizedOperation*)
        die "$NO_ACCESS" "not allowed: $said"
        ;;
    *'Could not connect'* | *'onnection was closed'* | *'onnect timeout'* | *'ead timeout'* | *'SSL validation failed'*)
        die "$NO_ENDPOINT" "AWS cannot be reached: $said Look at the network, the proxy, --region and --endpoint-url."
        ;;
    esac
    die "$FAILED" "$1: $said"
}

# who: the `account` and the `partition` of the credentials. The first call: what is wrong with all of them is found here.
who() {
    command -v aws >/dev/null || die "$NO_ACCESS" 'the AWS CLI is not installed: there is no "aws" on the PATH.'
    (
        export AWS_MAX_ATTEMPTS=2
        try sts get-caller-identity --query '[Account, Arn]' --output text
    ) || complain 'sts get-caller-identity'
    account=$(cut -f 1 "$work/answer")
    arn=$(cut -f 2 "$work/answer")
    partition=${arn#arn:}
    partition=${partition%%:*}
    case $partition in aws*) ;; *) partition=aws ;; esac
}

# --- Stacks -------------------------------------------------------------------------------------------------------

# look NAME: describes a stack to $work/stack; gives its `status`, ABSENT if there is none.
look() {
    if try cloudformation describe-stacks --stack-name "$1" --output json; then
        json "$work/answer" >"$work/stack"
        status=$(of "$work/stack" Stacks/0/StackStatus)
        stack_id=$(of "$work/stack" Stacks/0/StackId)
        [ "$status" != DELETE_COMPLETE ] || status=ABSENT
    else
        case $(complaint) in *'does not exist'*) ;; *) complain 'describe-stacks' ;; esac
        : >"$work/stack"
        status=ABSENT stack_id=''
    fi
}

# of_stack Parameter KEY, of_stack Output KEY: what the stack has of that.
of_stack() {
    awk -F '\t' -v list="Stacks/0/$1s/" -v name="$1Key" -v value="$1Value" -v wanted="$2" '
        index($1, list) == 1 {
            split(substr($1, length(list) + 1), part, "/")
            if (part[2] == name) key[part[1]] = $2
            if (part[2] == value) found[part[1]] = substr($0, length($1) + 2)
        }
        END { for (each in key) if (key[each] == wanted) print found[each] }' "$work/stack"
}

EVENT='[EventId, Timestamp, ResourceStatus, LogicalResourceId, ResourceType, PhysicalResourceId, ResourceStatusReason]'

# events STACK: the newest events to $work/events, newest first.
events() {
    try cloudformation describe-stack-events --stack-name "$1" --max-items 300 --query "StackEvents[].$EVENT" --output text || return 0
    # An empty column would be lost to `read`. What goes over several lines is cut.
    awk -F '\t' -v OFS='\t' 'NF >= 7 { for (i = 1; i <= 7; i++) if ($i == "") $i = "None"; print }' \
        "$work/answer" >"$work/events"
}

# mark STACK: remembers the newest event, so that `follow` tells what comes after it.
mark() {
    : >"$work/events"
    [ -z "$1" ] || events "$1"
    seen=$(head -n 1 "$work/events" | cut -f 1)
    before=$seen
}

# follow STACK: prints events until the operation is over; gives the stack's `status`.
follow() {
    while :; do
        look "$1"
        events "$1"
        since "$seen" | while IFS=$tab read -r _ at state logical _ _ reason; do
            [ "$reason" != None ] || reason=''
            at=${at#*T}
            printf '  %.8s  %-28s %s%s\n' "$at" "$state" "$logical" "${reason:+  $reason}" >&2
        done
        [ ! -s "$work/events" ] || seen=$(head -n 1 "$work/events" | cut -f 1)
        case $status in *_IN_PROGRESS) [ "$status" = REVIEW_IN_PROGRESS ] && return ;; *) return ;; esac
        sleep "$pause"
    done
}

# since EVENT: the events after it, oldest first.
since() {
    awk -F '\t' -v seen="$1" '$1 == seen { exit } { line[++count] = $0 } END { while (count) print line[count--] }' "$work/events"
}

# why STACK: the first failing events of the last operation, in one block; for a nested stack those within it.
why() {
    events "$1"
    since "$before" >"$work/failing"
    say "What failed first in $name:"
    # The stack's own failure only repeats those of its resources, if any is told.
    awk -F '\t' -v stack="$1" '$3 ~ /_FAILED$/ && $7 !~ /cancelled|Cancelled/ {
        if ($6 == stack) own = own $0 "\n"; else if (count++ < 5) print
    } END { if (!count) printf "%s", own }' "$work/failing" >"$work/first"
    while IFS=$tab read -r _ _ state logical kind physical reason; do
        say "  $logical ($kind): $state"
        [ "$reason" = None ] || say "    $reason"
        if [ "$kind" = AWS::CloudFormation::Stack ] && [ "$physical" != "$1" ] && [ "$physical" != None ]; then
            events "$physical"
            awk -F '\t' '$3 ~ /_FAILED$/ && $7 !~ /cancelled|Cancelled/ { line[++count] = "    in it: " $4 " (" $5 "): " $7 }
                END { for (i = count; i > 0 && i > count - 3; i--) print line[i] }' "$work/events" >&2
        fi
    done <"$work/first"
    if grep -q DescribeEvents "$work/first"; then
        # What CloudFormation finds wrong before it begins stands in another list.
        try cloudformation describe-events --stack-name "$1" --filters FailedEvents=true --max-items 20 --output text \
            --query 'OperationEvents[?ValidationStatusReason].[LogicalResourceId, ResourceType, ValidationStatusReason]' &&
            awk -F '\t' 'NF >= 3 { print "  " $1 " (" $2 "): " $3 }' "$work/answer" >&2
    fi
    [ -s "$work/first" ] || say "  (no event says; see: aws cloudformation describe-stack-events --region $region --stack-name $name)"
}

# asked PROMPT WANTED: whether a person types what is wanted. Enter alone is a no.
asked() {
    [ -t 0 ] || return 1
    printf '%s' "$1" >&2
    read -r typed || typed=''
    [ "$typed" = "$2" ]
}
