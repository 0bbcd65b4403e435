<# :
@echo off
rem Points {title} on this PC at the {name} server {address}, and undoes that:
rem
rem   setup.cmd            adds lines to the hosts file and tests the connection
rem   setup.cmd replace    the same, but first comments out other lines for the game
rem   setup.cmd undo       removes its lines, and restores those that it commented out
rem   setup.cmd test       only tests the connection
rem
{what_else}rem It changes nothing else, keeps a copy of the original hosts file, and leaves a file alone that it does not
rem understand. The part for PowerShell, below, does the work; cmd only starts it.
setlocal
set "MMCOS_SCRIPT=%~f0"
set "MMCOS_ACTION=%~1"
"%SystemRoot%\System32\WindowsPowerShell\v1.0\powershell.exe" -NoLogo -NoProfile -ExecutionPolicy Bypass -Command "Invoke-Expression ([IO.File]::ReadAllText($env:MMCOS_SCRIPT))"
set "MMCOS_CODE=%ERRORLEVEL%"
if not "%MMCOS_CODE%"=="3" pause
exit /b %MMCOS_CODE%
#>

$ErrorActionPreference = 'Stop'
$server = '{address}'
$names = @({quoted_names})
$begin = '# {name} begin (setup.cmd undo removes these lines)'
$end = '# {name} end'
$mark = '# {name} replaced: '
# The lines of this script, for any server, without others among them. An editor may have added a byte order mark.
$ours = ($names | ForEach-Object { [regex]::Escape($_) }) -join '|'
$block = "(?m)^(\xEF\xBB\xBF)?# {name} begin[^\n]*\n(\S+ ($ours)\r?\n)*# {name} end[^\n]*(\n|\z)"
$hosts = Join-Path $env:SystemRoot 'System32\drivers\etc\hosts'
$copy = "$hosts.before-{name}"
$newline = "`r`n"
$handedOver = 3
# The certificate of the server's authority, for games that accept only trusted certificates; empty for others.
$authority = '{authority}'
$thumbprint = '{thumbprint}'
# One character for each byte, so that the bytes of any encoding stay.
$bytewise = [Text.Encoding]::GetEncoding(28591)

function Fail([string] $why) {
    Write-Host "Nothing was changed: $why" -ForegroundColor Red
    exit 1
}

function Test-Administrator {
    $user = New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent())
    return $user.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
}

# Starts this script again as administrator; Windows asks the player.
function Start-AsAdministrator([string] $action) {
    Write-Host 'Windows now asks whether this script may make changes: only an administrator may change the hosts file.'
    $arguments = "/s /c `"`"$env:MMCOS_SCRIPT`" $action`""
    try {
        Start-Process -FilePath "$env:SystemRoot\System32\cmd.exe" -ArgumentList $arguments -Verb RunAs
    } catch { Fail "Windows did not permit it. $_" }
    exit $handedOver
}

# The server's IP address: hosts files hold no names.
function Resolve-Server {
    $parsed = $null
    if ([Net.IPAddress]::TryParse($server, [ref] $parsed)) { return $server }
    try { $found = @([Net.Dns]::GetHostAddresses($server)) } catch { $found = @() }
    $ipv4 = @($found | Where-Object { $_.AddressFamily -eq 'InterNetwork' })
    if ($ipv4.Count -gt 0) { return $ipv4[0].ToString() }
    if ($found.Count -gt 0) { return $found[0].ToString() }
    Fail "the address of $server cannot be found. Is this PC online? Does the name still exist?"
}

# The text of the hosts file, if this script understands it.
function Read-Hosts {
    if (-not (Test-Path -LiteralPath $hosts -PathType Leaf)) { Fail "there is no file $hosts." }
    $attributes = [IO.File]::GetAttributes($hosts)
    if ($attributes -band [IO.FileAttributes]::ReadOnly) {
        Fail "$hosts is write-protected. If you did not do that, a security program did: allow the change there."
    }
    if ($attributes -band [IO.FileAttributes]::ReparsePoint) { Fail "$hosts is a link, so another program manages it." }
    $text = $bytewise.GetString([IO.File]::ReadAllBytes($hosts))
    if ($text -cmatch '^(\xFF\xFE|\xFE\xFF)' -or $text.IndexOf([char] 0) -ge 0) {
        Fail "$hosts is UTF-16 text. Save it as UTF-8 first: in Notepad, Save as, Encoding."
    }
    if ([regex]::Matches($text, $block).Count -gt 1 -or (Remove-Block $text) -cmatch '(?m)^(\xEF\xBB\xBF)?# {name} (begin|end)') {
        Fail "the lines of {name} in $hosts are not as this script left them. Remove them by hand."
    }
    return $text
}

# The text without the lines of this script; all other bytes stay.
function Remove-Block([string] $text) {
    return [regex]::Replace($text, $block, '')
}

# The text as it was before this script: without its lines, and with those that it made comments.
function Undo-All([string] $text) {
    return [regex]::Replace((Remove-Block $text), "(?m)^$mark", '')
}

function Get-Block([string] $ip) {
    $lines = @($begin) + @($names | ForEach-Object { "$ip $_" }) + @($end)
    return ($lines -join $newline) + $newline
}

# Installs the server's authority. It is valid for the game's host names only.
function Add-Authority {
    if ($authority -eq '' -or (Test-Path "Cert:\LocalMachine\Root\$thumbprint")) { return }
    $file = Join-Path $env:TEMP '{name}-authority.cer'
    [IO.File]::WriteAllBytes($file, [Convert]::FromBase64String($authority))
    & "$env:SystemRoot\System32\certutil.exe" -f -addstore Root $file | Out-Null
    $added = $LASTEXITCODE -eq 0
    [IO.File]::Delete($file)
    if (-not $added) { Fail "the certificate of the server could not be installed." }
    Write-Host 'Windows now trusts the certificate of this server, for the names of the game.'
}

function Remove-Authority {
    if ($authority -eq '' -or -not (Test-Path "Cert:\LocalMachine\Root\$thumbprint")) { return }
    & "$env:SystemRoot\System32\certutil.exe" -delstore Root $thumbprint | Out-Null
    if ($LASTEXITCODE -eq 0) { Write-Host 'The certificate of the server was removed.' }
    else { Write-Host "The certificate could not be removed. As administrator, run: certutil -delstore Root $thumbprint" }
}

# The number of the game's names, and of other names, in a line of the hosts file.
function Measure-Line([string] $line) {
    $fields = @(($line -replace '#.*', '').Trim() -split '\s+' | Select-Object -Skip 1)
    $game = @($fields | Where-Object { $names -contains $_ }).Count
    return @{ Game = $game; Others = $fields.Count - $game }
}

function Test-Written([string] $path, [byte[]] $bytes) {
    return [Convert]::ToBase64String([IO.File]::ReadAllBytes($path)) -ceq [Convert]::ToBase64String($bytes)
}

# Writes the hosts file, and restores it if that fails. Only the first change makes a copy: a later copy might contain the
# lines of this script.
function Write-Hosts([string] $old, [string] $new) {
    $oldBytes = $bytewise.GetBytes($old)
    $newBytes = $bytewise.GetBytes($new)
    if (-not (Test-Path -LiteralPath $copy)) {
        $undoneBytes = $bytewise.GetBytes((Undo-All $old))
        try {
            [IO.File]::WriteAllBytes($copy, $undoneBytes)
            $written = Test-Written $copy $undoneBytes
        } catch { $written = $false }
        if (-not $written) {
            try { [IO.File]::Delete($copy) } catch { }
            Fail "a copy of $hosts could not be made at $copy."
        }
    }
    $trouble = 'Its content differs from what was written.'
    try {
        [IO.File]::WriteAllBytes($hosts, $newBytes)
        $written = Test-Written $hosts $newBytes
    } catch { $written = $false; $trouble = "$_" }
    if (-not $written) {
        try { [IO.File]::WriteAllBytes($hosts, $oldBytes) } catch { }
        if (Test-Written $hosts $oldBytes) { Fail "$hosts could not be written. $trouble" }
        Write-Host "$hosts is damaged. Replace it with $copy." -ForegroundColor Red
        exit 1
    }
    Write-Host "A copy of the original hosts file: $copy"
    & "$env:SystemRoot\System32\ipconfig.exe" /flushdns | Out-Null
}

function Add-Lines([string] $ip, [string] $action) {
    $old = Read-Hosts
    $lines = @((Remove-Block $old) -split "`n")
    $mixed = @()
    $others = @()
    for ($i = 0; $i -lt $lines.Count; $i++) {
        $count = Measure-Line $lines[$i]
        if ($count.Game -gt 0 -and $count.Others -gt 0) { $mixed += $lines[$i].Trim() }
        if ($count.Game -gt 0 -and $count.Others -eq 0) {
            $others += $lines[$i].Trim()
            $lines[$i] = $mark + $lines[$i]
        }
    }
    if ($mixed.Count -gt 0) {
        Fail "$hosts has lines for the game that have other names as well. Remove the game's names by hand:$newline$($mixed -join $newline)"
    }
    if ($others.Count -gt 0 -and $action -ne 'replace') {
        Write-Host "$hosts has other lines for the game:$newline$($others -join $newline)"
        if ((Read-Host 'To comment them out, type y (undo restores them); else press Enter') -ne 'y') { Fail 'those lines stay.' }
    }
    # First in the file, so that its end does not matter.
    $new = (Get-Block $ip) + ($lines -join "`n")
    if ($new -ceq $old) {
        Write-Host 'The lines are there already.'
        if ((Read-Host 'To remove them, type undo; else press Enter') -eq 'undo') { Remove-Lines; exit 0 }
        return
    }
    Write-Hosts $old $new
    Write-Host "The game on this PC now uses the server $server." -ForegroundColor Green
}

function Remove-Lines {
    Remove-Authority
    $old = Read-Hosts
    $new = Undo-All $old
    if ($new -ceq $old) {
        Write-Host 'There is nothing to remove.'
        return
    }
    Write-Hosts $old $new
    Write-Host 'The lines were removed.' -ForegroundColor Green
}

# Sends the request that the game sends first, and looks for the mark of this server.
function Test-Server([string] $ip) {
    foreach ($name in $names) {
        try { $found = @([Net.Dns]::GetHostAddresses($name) | ForEach-Object { "$_" }) } catch { $found = @() }
        if ($found -notcontains $ip) { Write-Host "$name does not lead to $ip yet: restart this PC." }
    }
    $curl = "$env:SystemRoot\System32\curl.exe"
    if (-not (Test-Path -LiteralPath $curl)) {
        Write-Host 'The connection was not tested, because this Windows has no curl.exe.'
        return
    }
    $game = $names[0]
    $target = $ip
    if ($ip.Contains(':')) { $target = "[$ip]" }
    $url = "https://$game{probe_path}"
    $answer = @(& $curl --silent --insecure --include --max-time 10 --noproxy '*' --resolve "${game}:443:$target" $url) -join "`n"
    if ($answer -match [regex]::Escape('{probe_mark}') -and $answer.Contains('{probe_body}')) {
        Write-Host 'The server responds.' -ForegroundColor Green
        $closed = '{probe_closed}'
        if ($closed -ne '' -and $answer.Contains($closed)) { Write-Host 'It is closed for maintenance now.' }
        return
    }
    if ($answer -eq '') {
        Write-Host "No server responds at $ip, port 443. Is it running? Does a firewall or router block you?" -ForegroundColor Red
    } else {
        Write-Host "Not {name} but another program responds at $ip, port 443. Tell the server's operator." -ForegroundColor Red
    }
    exit 1
}

$action = "$env:MMCOS_ACTION"
if (@('', 'replace', 'undo', 'test') -notcontains $action) { Fail "setup.cmd has no command $action; it has replace, undo and test." }
if ($action -eq 'test') { Test-Server (Resolve-Server); exit 0 }
if (-not (Test-Administrator)) { Start-AsAdministrator $action }
if ($action -eq 'undo') { Remove-Lines; exit 0 }
$ip = Resolve-Server
Add-Authority
Add-Lines $ip $action
Write-Host 'To remove the lines again, open this script again.'
Test-Server $ip
exit 0
